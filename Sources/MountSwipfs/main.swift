import Foundation
import IPFSMount
import IPFSNode
import IPFSNodeServer

/// Whether mount(8) is what called.
func isCalledByMount() -> Bool {
  (try? String(contentsOfFile: "/proc/\(getppid())/comm", encoding: .utf8)) == "mount\n"
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.contains(where: ["-h", "--help"].contains) {
  print(MountOptions.usage)
  exit(0)
}
if arguments.contains(where: ["-V", "--version"].contains) {
  print("mount.swipfs \(Version.current)")
  exit(0)
}

do throws(CommandError) {
  let options = try MountOptions(arguments: arguments, isCalledByMount: isCalledByMount())
  try options.checkBackend()
  if options.isFake { exit(0) }
  MountProcess.run(options) { node, logger in try await NodeDaemon.serveOwner(of: node, logger: logger) }
} catch {
  MountProcess.fail(error.description, error.exitCode)
}
