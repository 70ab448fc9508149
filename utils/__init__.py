"""Helpers that every chapter shares."""
