"""The convolutions that make features of pictures."""
