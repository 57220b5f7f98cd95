"""Trained models in forms that do without the lab and without PyTorch."""
