"""Which queues are there, and who serves them?

worker-ai serves ``ai``; worker-default ``urgent``, ``outbound`` and ``compliance``; worker-bulk ``bulk``. So bulk work
never delays a customer, and slow models never delay a STOP.
"""

from kombu import Queue

URGENT = "urgent"  # STOP, take-over, consent
AI = "ai"  # answers to customers
OUTBOUND = "outbound"  # deliveries to channels
COMPLIANCE = "compliance"  # requests, erasure, audit
BULK = "bulk"  # imports, embeddings, reports
DEFAULT = OUTBOUND

QUEUES = [Queue(name) for name in (URGENT, AI, OUTBOUND, COMPLIANCE, BULK)]
