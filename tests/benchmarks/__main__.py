"""
All benchmark tables, printed by ``python -m tests.benchmarks``. Figures depend on the machine; the ratios should not.
"""

import platform

from tests.benchmarks import calls, checking, core, facade, integrations, signing, starting, stores
from tests.benchmarks.measure import show

print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
print(show("Composing and parsing", "µs", [core.composing_from_nothing(), core.composing_again(), core.parsing()]))
print(show("Client assertions", "µs", signing.table()))
print(show("Calling an API", "µs", calls.overhead()))
print(show("Tokens in other libraries", "µs", integrations.tokens()))
print(show("Cold crowd", "requests", [calls.cold()]))
print(show("Making an auth", "µs", [starting.making()]))
print(show("Cold start", "ms of CPU over one call of the bare library", [starting.cold()]))
with stores.stores() as found:
    print(show("Cached tokens by store", "µs", [stores.cached(found)]))
    print(show("Stores, once in a lifetime", "µs", stores.operations(found)))
print(show("The facade", "µs", facade.table()))
time, memory = core.importing()
print(show("Importing", "ms over a bare interpreter", [time]))
print(show("Importing", "MiB over a bare interpreter", [memory]))
print(show("Type checking", "ms", [checking.mypy()]))
