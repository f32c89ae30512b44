"""How do processes reach each other's sockets?"""

from config import env
from config.settings.base import REDIS_URL
from config.settings.vault import CHANNEL_KEYS

SOCKET_HELLO_SECONDS = env.seconds(
    "SOCKET_HELLO_SECONDS",
    5,
    minimum=0.1,
    maximum=60,
    help="A socket that has not introduced itself by then is closed.",
)
SOCKET_IDLE_SECONDS = env.seconds(
    "SOCKET_IDLE_SECONDS",
    120,
    minimum=1,
    maximum=3600,
    help="A socket that sends nothing, not even a ping, is closed.",
)
SOCKET_FRAMES_PER_MINUTE = env.integer(
    "SOCKET_FRAMES_PER_MINUTE",
    240,
    minimum=10,
    maximum=100_000,
    help="Frames one socket may send in a minute.",
)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [REDIS_URL],
            "prefix": "sb",
            "capacity": 1000,
            # Frames carry what people write, and the broker must hold nothing readable. The first key encrypts.
            "symmetric_encryption_keys": CHANNEL_KEYS,
        },
    }
}
