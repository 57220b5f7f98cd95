"""The lab itself, free of any page: works the same from a page, a shell, a notebook or a test."""
