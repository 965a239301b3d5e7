"""What several nets cost together, over one."""
