"""Session-state keys of the Train page that more than one of its files uses."""

NOTICE = "train_notice"
"""Message about the job that was queued a moment ago, empty where it started at once."""

FORM = "recipe"
"""Name under which `ui.shared.address` remembers the fields of the form."""

DEVICE = "train_device"
"""Device to train on."""

TOP = "train_top"
"""Changes when the top of the page is to be scrolled into view, because something begins there."""
