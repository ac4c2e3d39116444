// swift-tools-version: 6.2
import PackageDescription

// A separate package, because it is built with libFuzzer and AddressSanitizer.
let package = Package(
    name: "generation-service-fuzz",
    dependencies: [.package(name: "generation-service", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz", dependencies: [.product(name: "FuzzTargets", package: "generation-service")], path: "Driver")
    ],
    swiftLanguageModes: [.v6]
)
