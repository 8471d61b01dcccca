// swift-tools-version: 6.2
import PackageDescription

// A package of its own, for the linker's flags: a package that others depend on must not have such.
let package = Package(
    name: "swift-l2o-bindings",
    platforms: [.macOS(.v26)],
    // Not called `l2o`, as the command is: building one would build both.
    products: [.library(name: "l2o-c", type: .dynamic, targets: ["L2OBinding"])],
    dependencies: [.package(name: "swift-l2o", path: "..")],
    targets: [
        .systemLibrary(name: "CL2O", path: "include"),
        .target(
            name: "L2OBinding",
            dependencies: ["CL2O", .product(name: "LearnedOptimizers", package: "swift-l2o")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ],
            linkerSettings: [.unsafeFlags(linkerFlags, .when(platforms: [.linux]))]),
    ],
    swiftLanguageModes: [.v6]
)

/// The Swift runtime goes inside, and of all symbols only those of the header come out, which takes lld. The thread sanitizer
/// follows work from thread to thread where it can put itself before the runtime's functions: then they stay outside.
var linkerFlags: [String] {
    let name = ["-Xlinker", "-soname=libl2o.so"]
    if Context.environment["L2O_RUNTIME_OUTSIDE"] != nil { return name }
    return name + [
        "-static-stdlib", "-use-ld=lld", "-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map",
        "-Xlinker", "--gc-sections",
    ]
}
