"""APIs: what is said once two programs are connected."""
