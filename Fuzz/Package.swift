// swift-tools-version: 6.2
import PackageDescription

// A package of its own: it is built with libFuzzer and AddressSanitizer, and with nothing else beside it.
let package = Package(
    name: "generation-service-fuzz",
    dependencies: [.package(name: "generation-service", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz", dependencies: [.product(name: "FuzzTargets", package: "generation-service")], path: "Driver")
    ],
    swiftLanguageModes: [.v6]
)
