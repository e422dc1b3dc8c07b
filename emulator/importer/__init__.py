"""Somebody's OpenAPI document as an API file of this project, and everything that keeps it from becoming one."""
