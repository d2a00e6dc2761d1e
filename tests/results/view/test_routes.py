"""What a page does whose reader has gone before it was built."""

import asyncio

import pytest
from nicegui import Client, ui
from starlette.requests import Request
from tests.results.fake_run import make_beginning

from ioa.results.view.routes import Site


@pytest.mark.parametrize("where", ["list", "run"])
def test_who_does_not_wait_for_a_page_is_no_error(tmp_path, where):
    make_beginning(tmp_path, "a-run")

    async def leave():
        site = Site(tmp_path)
        may_load = asyncio.Event()

        async def load():
            await may_load.wait()
            return await asyncio.to_thread(site._load)

        site._modules = asyncio.create_task(load())
        client = Client(
            ui.page("/left"),
            request=Request(
                {
                    "type": "http",
                    "headers": [],
                    "path": "/",
                    "query_string": b"",
                    "server": ("127.0.0.1", 80),
                    "scheme": "http",
                    "session": {"id": "x"},
                }
            ),
        )

        async def show():
            with client:
                if where == "list":
                    await site._show_list("runs_page", "Runs", {})
                else:
                    await site._show_run("a-run", "", {})

        building = asyncio.create_task(show())
        await asyncio.sleep(0.1)
        assert not building.done()
        client.delete()
        client._connected.set()
        may_load.set()
        await building

    asyncio.run(leave())
