"""What reads the features: one function a head, from positions to logits."""
