"""Treatments as files, and programs that are given them."""
