// The executable `loadtest`: see Command/Loadtest.swift.
import LoadtestKit

await Loadtest.start()
