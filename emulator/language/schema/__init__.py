"""What may stand in API and scenario files, as pydantic models."""
