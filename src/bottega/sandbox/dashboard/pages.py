"""stub"""
from bottega.sandbox.web import Request, Response, json
from bottega.sandbox.world import World


def serve(world: World, request: Request) -> Response:
    return json({})
