"""The HTTP surface: requests in, responses out. Knows Starlette's requests and responses, and no host framework."""
