"""How the catalogue says no."""

from bottega.kit.errors import NotFound


class ItemNotFound(NotFound):
    """No such product or modifier at this store."""

    code = "item_not_found"
    title = "This store sells nothing under that id"
