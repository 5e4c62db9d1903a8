"""HTTP clients of tests: as httpx makes them, but all with one TLS context.

Each context reads the certificates of the whole world, 17 ms of processor; tests make thousands of clients, and speak to
this machine only.
"""

import ssl
from functools import partial

import httpx

CONTEXT = ssl.create_default_context()
AsyncClient = partial(httpx.AsyncClient, verify=CONTEXT)
Client = partial(httpx.Client, verify=CONTEXT)
get = partial(httpx.get, verify=CONTEXT)
post = partial(httpx.post, verify=CONTEXT)
request = partial(httpx.request, verify=CONTEXT)
