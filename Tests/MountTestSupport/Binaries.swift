import Glibc

/// The programs under test. They are built beside the program that runs the tests.
package enum Binaries {
  /// `mount.swipfs`.
  package static let mount = path("mount.swipfs")
  /// `swipfs`.
  package static let swipfs = path("swipfs")
  /// The root of the source tree.
  package static let checkout = parent(of: parent(of: parent(of: #filePath)))

  private static func path(_ name: String) -> String {
    guard let program = realpath("/proc/self/exe", nil) else { return name }
    defer { free(program) }
    return "\(parent(of: String(cString: program)))/\(name)"
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}
