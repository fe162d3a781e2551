"""THE WORLD, as Protocols: one file per thing that a simulation has to supply.

Readers and writers are separate types wherever planning needs only the reader: `plan` is handed
objects that cannot write. Everything is awaited; an adapter of a blocking library keeps its threads
to itself. Each method that has an effect is a kill point of the crash test.
"""
