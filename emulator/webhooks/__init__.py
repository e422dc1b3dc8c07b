"""Webhooks: call-backs that report the end of a job."""
