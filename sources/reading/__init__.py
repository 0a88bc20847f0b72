"""What several sources share when they read tables."""
