"""The data plane: an ASGI service that takes documents from registers and acknowledges them after they are on disk."""
