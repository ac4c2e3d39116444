// `replay FUZZ [COUNT]`: runs the inputs in the folder FUZZ and COUNT (2000) mutations of them through each target in
// this build. `make test-optimised` runs it, because parsers and judges must give the same answers when optimised.
// Status 1 after a flaw. Thread: main.
import FuzzTargets
import Glibc

let arguments = CommandLine.arguments.dropFirst()
guard let folder = arguments.first, let count = Int(arguments.dropFirst().first ?? "2000") else {
    print("usage: replay FUZZ [COUNT]")
    exit(2)
}
let replay = FuzzReplay(folder: folder)
var flaws = 0
for target in FuzzTarget.allCases {
    let seeds = try replay.seeds(of: target)
    guard !seeds.isEmpty else { fatalError("replay: there are no inputs in \(folder)/Corpus/\(target.rawValue)") }
    let kept = try seeds + replay.regressions(of: target)
    var found = kept.compactMap { input in target.flaw(in: input.bytes).map { "\(input.name): \($0)" } }
    if let flaw = replay.flaw(of: target, like: seeds, count: count) { found.append(flaw) }
    for flaw in found { print("replay: \(target.rawValue): \(flaw)") }
    if found.isEmpty { print("replay: \(target.rawValue): \(kept.count) kept inputs and \(count) like them: no flaw") }
    flaws += found.count
}
exit(flaws == 0 ? 0 : 1)
