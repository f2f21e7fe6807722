"""Training: data, augmentation, losses, the loop, recipes. Runs on CPU or GPU from one command and resumes."""
