"""Every family of nets on real data for a short time, watched by the doctor."""
