import Foundation

/// How many bytes there are to add, for a progress bar.
struct TreeSize: Sendable {
  /// What is left out.
  let rules: IgnoreRules
  /// Whether symbolic links are followed.
  let follows: Bool

  /// The bytes of files and of what is in directories; nil if that cannot be known before they are read, or the task
  /// was cancelled.
  func total(of paths: [String]) -> UInt64? {
    guard !paths.isEmpty, !paths.contains("-") else { return nil }
    var sum: UInt64 = 0
    for path in paths {
      guard let size = size(path, relative: "", follows: true) else { return nil }
      sum += size
    }
    return sum
  }

  private func size(_ path: String, relative: String, follows: Bool) -> UInt64? {
    guard !Task.isCancelled else { return nil }
    var status = stat()
    guard (follows ? stat(path, &status) : lstat(path, &status)) == 0 else { return 0 }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return UInt64(max(0, status.st_size))
    case S_IFDIR:
      guard let folder = opendir(path) else { return 0 }
      defer { closedir(folder) }
      var sum: UInt64 = 0
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != ".", name != ".." else { continue }
        let inner = relative.isEmpty ? name : "\(relative)/\(name)"
        let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
        guard !rules.excludes(inner, isDirectory: isDirectory) else { continue }
        guard let size = size("\(path)/\(name)", relative: inner, follows: self.follows) else { return nil }
        sum += size
      }
      return sum
    // A pipe or a device has as much as it has.
    case S_IFLNK: return 0
    default: return relative.isEmpty ? nil : 0
    }
  }
}
