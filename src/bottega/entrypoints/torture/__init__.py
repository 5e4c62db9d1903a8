"""`bottega torture`: the whole system under faults that a seed decides, then the judgement of what is left.

Here: an installation of real processes in a folder of its own, the TCP proxy between its parts, the plan of faults and
the hands that carry it out, the people who use the shop meanwhile, the judge. Not here: the invariants (verify), the
provider's own faults (the sandbox's plan, which is only set from here).

What must stay true: a seed gives the same plan of faults again; the judge looks only at what people were told, at our
database and at the provider's own ledger; whatever was started here is ended here.
"""

from bottega.entrypoints.torture.model import Fault, Orders, Report, Verb
from bottega.entrypoints.torture.planning import faults_for
from bottega.entrypoints.torture.playing import play
from bottega.entrypoints.torture.proxy import Link, Mode

__all__ = ["Fault", "Link", "Mode", "Orders", "Report", "Verb", "faults_for", "play"]
