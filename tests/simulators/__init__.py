"""Which outside servers do we imitate? Real servers on loopback, with faults on demand."""
