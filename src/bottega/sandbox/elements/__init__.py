"""The browser side of the stand-in: the script a shop's page loads, the card form's frame, the 3-D Secure challenge.

Card data stays inside this origin's frame. A shop's page needs `script-src` and `frame-src` of the sandbox's origin and
nothing else: no inline script, no inline style.
"""
