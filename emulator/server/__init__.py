"""Server: sockets, connections, and how long they may take."""
