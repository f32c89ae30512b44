import asyncio, faulthandler, sys
import pytest
from tests.desk.test_consumers import *
async def test_dbg(ana):
    async with opened(ana.user) as w:
        await asyncio.sleep(2)
        for t in asyncio.all_tasks(): t.print_stack(file=sys.stderr)
        faulthandler.dump_traceback(all_threads=True)
        print(await w.communicator.receive_nothing(timeout=0.1))
