// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Which MPI: Open MPI, or MPICH with L2O_MPI=mpich. Debian has both, side by side.
let isMPICH = Context.environment["L2O_MPI"] == "mpich"

let package = Package(
    name: "swift-l2o-distributed",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "l2o-mpi", targets: ["l2o-mpi"])],
    dependencies: [
        // Named, since the folder of a clone may have any name.
        .package(name: "swift-l2o", path: "../"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CMPI", pkgConfig: isMPICH ? "mpich" : "ompi-c",
            providers: [
                .apt([isMPICH ? "libmpich-dev" : "libopenmpi-dev"]), .brew([isMPICH ? "mpich" : "open-mpi"]),
            ]),
        .target(
            name: "MPIProcesses",
            dependencies: ["CMPI", .product(name: "L2OCommands", package: "swift-l2o")],
            swiftSettings: settings),
        .target(name: "Scaling", swiftSettings: settings),
        .executableTarget(
            name: "l2o-mpi",
            dependencies: [
                "MPIProcesses", "Scaling",
                .product(name: "L2OCommands", package: "swift-l2o"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
