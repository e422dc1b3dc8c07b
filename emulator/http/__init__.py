"""HTTP: requests, replies, and the exchanges that the journal keeps of them."""
