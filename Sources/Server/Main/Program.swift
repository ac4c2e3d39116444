// The executable; all of its code is in Server's `ServiceCommand`.
import ArgumentParser
import Server

@main
enum Program {
    static func main() async { await ServiceCommand.main() }
}
