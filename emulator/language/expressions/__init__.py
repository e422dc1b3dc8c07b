"""The expressions of templates: parsed, compiled and evaluated."""
