// `fuzz TARGET [libFuzzer's options] [corpus folders]`: libFuzzer around one target. A flaw ends the process, and
// libFuzzer writes the input to a file. Thread: main.
import FuzzTargets
import Glibc

/// libFuzzer's own driver, for programs that have a `main` already.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

// The callback is a C function and cannot capture; this variable is written once, before libFuzzer begins.
nonisolated(unsafe) var chosen = FuzzTarget.json

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    print("usage: fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [options] [corpus folders]")
    exit(2)
}
chosen = target

// libFuzzer reads the arguments after the program's name.
let arguments = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
for (index, argument) in arguments.enumerated() { pointers[index] = strdup(argument) }
pointers[arguments.count] = nil
var count = Int32(arguments.count)
var list = pointers

exit(
    runDriver(&count, &list) { bytes, count in
        if let flaw = chosen.flaw(in: Array(UnsafeBufferPointer(start: bytes, count: count))) { fatalError(flaw) }
        return 0
    })
