"""MCP: control routes as tools of agents, over HTTP at /_emulator/mcp and over standard streams."""
