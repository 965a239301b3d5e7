"""Speed of augmentation beside kornia, and what it adds to a training step."""
