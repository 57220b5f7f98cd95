"""Learned priors: distributions of a trained model's latent vectors, learned after the model and kept with its run."""
