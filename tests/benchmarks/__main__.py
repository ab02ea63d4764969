"""
``python -m tests.benchmarks`` prints every table. Figures differ from machine to machine; the ratios should not.
"""

import platform

from tests.benchmarks import calls, checking, core, facade, signing, starting, stores
from tests.benchmarks.measure import show

print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
print(show("Composing and parsing", "µs", [core.composing_from_nothing(), core.composing_again(), core.parsing()]))
print(show("Assertions, made and signed", "µs", signing.table()))
print(show("Calling an API", "µs", calls.overhead()))
print(show("Starting cold", "requests", [calls.cold()]))
print(show("Making an auth", "µs", [starting.making()]))
print(show("Starting cold", "ms of CPU over one call of the bare library", [starting.cold()]))
with stores.stores() as found:
    print(show("Cached tokens over stores", "µs", [stores.cached(found)]))
    print(show("Stores, once a lifetime", "µs", stores.asked(found)))
print(show("The facade", "µs", facade.table()))
time, memory = core.importing()
print(show("Importing", "ms over a bare interpreter", [time]))
print(show("Importing", "MiB over a bare interpreter", [memory]))
print(show("Type checking", "ms", [checking.mypy()]))
