"""Storage: how data is kept, found, copied and split."""
