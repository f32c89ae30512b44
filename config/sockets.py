"""What happens at a socket address that does not exist? A refusal instead of a traceback."""

from channels.generic.websocket import AsyncWebsocketConsumer


class UnknownSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Refuses the handshake."""

    async def connect(self) -> None:
        await self.close()
