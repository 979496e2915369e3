"""Scans of claimwatch beside hand-written SQL that does the same on the same tables."""
