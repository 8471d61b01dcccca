// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Which MPI: Open MPI, or MPICH with L2O_MPI=mpich. Debian has both, side by side. The flags that pkg-config knows of
// MPICH have one that the package manager refuses, and all others with it.
let isMPICH = Context.environment["L2O_MPI"] == "mpich"
#if arch(arm64)
    let headers = "/usr/include/aarch64-linux-gnu/mpich"
#else
    let headers = "/usr/include/x86_64-linux-gnu/mpich"
#endif
// Without the macro, which names nothing, the compiler would take the other's headers from its cache of modules.
let mpiSettings: [SwiftSetting] =
    isMPICH ? [.unsafeFlags(["-Xcc", "-I\(headers)", "-Xcc", "-DCMPI_USES_MPICH"])] : []

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
            name: "CMPI", pkgConfig: isMPICH ? nil : "ompi-c",
            providers: [
                .apt([isMPICH ? "libmpich-dev" : "libopenmpi-dev"]), .brew([isMPICH ? "mpich" : "open-mpi"]),
            ]),
        .target(
            name: "MPIProcesses",
            dependencies: ["CMPI", .product(name: "L2OCommands", package: "swift-l2o")],
            swiftSettings: settings + mpiSettings,
            linkerSettings: isMPICH ? [.linkedLibrary("mpich")] : []),
        .target(name: "Scaling", swiftSettings: settings),
        .testTarget(name: "ScalingTests", dependencies: ["Scaling"], swiftSettings: settings),
        .executableTarget(
            name: "l2o-mpi",
            dependencies: [
                "MPIProcesses", "Scaling",
                .product(name: "L2OCommands", package: "swift-l2o"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings + mpiSettings),
    ],
    swiftLanguageModes: [.v6]
)
