"""Settings of one server: frozen values, made from options, environment variables and a project file."""
