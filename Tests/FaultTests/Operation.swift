import CFuse3
import Glibc
import MountTestSupport

/// A node of a directory tree, as far as the tests for crashes look.
struct TreeNode: Equatable {
  enum Kind: Equatable {
    case file, directory, link
  }

  var kind: Kind
  /// A file's content; a link's target.
  var content: [UInt8] = []
  /// The permission bits; nil where nobody set them.
  var mode: mode_t?
  /// The time of modification in nanoseconds; nil where the system decided on it.
  var time: Int?
  /// The value of `user.test`; nil where there is none.
  var attribute: [UInt8]?

  /// Puts bytes at an offset; zeros fill what is before. Nothing beyond the end does not move the end.
  mutating func write(_ bytes: [UInt8], at offset: Int) {
    guard !bytes.isEmpty else { return }
    let end = offset + bytes.count
    if end > content.count { content += [UInt8](repeating: 0, count: end - content.count) }
    content.replaceSubrange(offset..<end, with: bytes)
  }

  /// Whether this, as found, is what `expected` says.
  func matches(_ expected: TreeNode) -> Bool {
    kind == expected.kind && content == expected.content && attribute == expected.attribute
      && (expected.mode == nil || mode == expected.mode) && (expected.time == nil || time == expected.time)
  }

  /// What differs, for the report.
  func difference(from expected: TreeNode) -> String {
    var parts: [String] = []
    if kind != expected.kind { parts.append("is a \(kind) and not a \(expected.kind)") }
    if content != expected.content {
      let first = zip(content, expected.content).enumerated().first { $0.1.0 != $0.1.1 }?.offset
      parts.append(
        "has \(content.count) bytes for \(expected.content.count), first other one at \(first.map(String.init) ?? "-")")
    }
    if let wanted = expected.mode, wanted != mode { parts.append("has mode \(mode ?? 0) for \(wanted)") }
    if let wanted = expected.time, wanted != time { parts.append("has time \(time ?? 0) for \(wanted)") }
    if attribute != expected.attribute { parts.append("has another attribute") }
    return parts.joined(separator: ", ")
  }
}

/// A change of a tree. It is acknowledged when ``perform(in:_:)`` returns.
enum Operation: CustomStringConvertible {
  /// How content gets into a file.
  enum Writing: Equatable {
    case create
    case truncate
    case append
    case at(Int)
  }

  /// What `fallocate(2)` does with a range of a file.
  enum Allocation: Equatable {
    /// Makes the file reach to the range's end.
    case grow
    /// Makes sure of space for it.
    case reserve
    /// Makes a hole of it.
    case punch

    var mode: Int32 {
      switch self {
      case .grow: 0
      case .reserve: AllocationFlag.keepSize
      case .punch: AllocationFlag.keepSize | AllocationFlag.punchHole
      }
    }
  }

  case write(String, [UInt8], Writing, isSynced: Bool)
  case allocate(String, Range<Int>, Allocation)
  /// Copies a range by `copy_file_range(2)` to an offset of another file, which is made where there is none.
  case copy(String, Range<Int>, to: String, at: Int)
  case exchange(String, String)
  case makeDirectory(String)
  case makeLink(String, target: String)
  case rename(String, String)
  case remove(String)
  case truncate(String, Int)
  case setMode(String, mode_t)
  case setTime(String, Int)
  case setAttribute(String, [UInt8])

  var description: String {
    switch self {
    case .write(let path, let content, let writing, let isSynced):
      "write \(content.count) bytes to \(path), \(writing)\(isSynced ? ", synced" : "")"
    case .allocate(let path, let range, let allocation): "\(allocation) \(range) of \(path)"
    case .copy(let path, let range, let target, let offset): "copy \(range) of \(path) to \(offset) of \(target)"
    case .exchange(let path, let other): "exchange \(path) and \(other)"
    case .makeDirectory(let path): "make directory \(path)"
    case .makeLink(let path, _): "make link \(path)"
    case .rename(let path, let target): "rename \(path) to \(target)"
    case .remove(let path): "remove \(path)"
    case .truncate(let path, let size): "truncate \(path) to \(size)"
    case .setMode(let path, let mode): "set mode of \(path) to \(mode)"
    case .setTime(let path, _): "set time of \(path)"
    case .setAttribute(let path, _): "set attribute of \(path)"
    }
  }

  /// Makes the system calls. Throws the errno of the first that fails.
  func perform(in root: String, _ tree: [String: TreeNode]) throws {
    switch self {
    case .write(let path, let content, let writing, let isSynced):
      let flags =
        switch writing {
        case .create: O_CREAT | O_EXCL
        case .truncate: O_TRUNC
        case .append: O_APPEND
        case .at: Int32(0)
        }
      let file = try File("\(root)/\(path)", O_WRONLY | flags)
      let offset: Int? = if case .at(let offset) = writing { offset } else { nil }
      for start in stride(from: 0, to: content.count, by: 128 << 10) {
        try file.write(content[start..<min(start + 128 << 10, content.count)], at: offset.map { $0 + start })
      }
      if isSynced { try check(fsync(file.descriptor)) }
      try file.close()
    case .allocate(let path, let range, let allocation):
      let file = try File("\(root)/\(path)", O_WRONLY)
      try check(file.allocate(allocation.mode, range.lowerBound, range.count))
      try file.close()
    case .copy(let path, let range, let target, let offset):
      let source = try File("\(root)/\(path)", O_RDONLY)
      let file = try File("\(root)/\(target)", O_WRONLY | O_CREAT)
      try source.copy(range.count, at: range.lowerBound, to: file, at: offset)
      try file.close()
      try source.close()
    case .exchange(let path, let other):
      try check(MountTestSupport.rename("\(root)/\(path)", "\(root)/\(other)", flags: RenameFlag.exchange))
    case .makeDirectory(let path): try check(mkdir("\(root)/\(path)", 0o755))
    case .makeLink(let path, let target): try check(symlink(target, "\(root)/\(path)"))
    case .rename(let path, let target): try check(Glibc.rename("\(root)/\(path)", "\(root)/\(target)"))
    case .remove(let path):
      try check(tree[path]?.kind == .directory ? rmdir("\(root)/\(path)") : unlink("\(root)/\(path)"))
    case .truncate(let path, let size): try check(Glibc.truncate("\(root)/\(path)", off_t(size)))
    case .setMode(let path, let mode): try check(chmod("\(root)/\(path)", mode))
    case .setTime(let path, let time): try setModified("\(root)/\(path)", time)
    case .setAttribute(let path, let value):
      try check(setxattr("\(root)/\(path)", "user.test", value, value.count, 0))
    }
  }

  /// Makes the change in a model.
  func apply(to tree: inout [String: TreeNode]) {
    switch self {
    case .write(let path, let content, let writing, _):
      var node = tree[path] ?? TreeNode(kind: .file)
      node.time = nil
      switch writing {
      case .create, .truncate: node.content = content
      case .append: node.content += content
      case .at(let offset): node.write(content, at: offset)
      }
      tree[path] = node
    case .allocate(let path, let range, let allocation):
      guard var node = tree[path] else { return }
      node.time = nil
      switch allocation {
      case .grow: node.content += [UInt8](repeating: 0, count: max(0, range.upperBound - node.content.count))
      case .reserve: break
      case .punch:
        let part = range.clamped(to: 0..<node.content.count)
        node.content.replaceSubrange(part, with: repeatElement(0, count: part.count))
      }
      tree[path] = node
    case .copy(let path, let range, let target, let offset):
      var node = tree[target] ?? TreeNode(kind: .file)
      node.time = nil
      if let source = tree[path]?.content { node.write(Array(source[range.clamped(to: 0..<source.count)]), at: offset) }
      tree[target] = node
    case .exchange(let path, let other):
      let before = tree
      for name in before.keys {
        if [path, other].contains(where: { name == $0 || name.hasPrefix($0 + "/") }) { tree[name] = nil }
      }
      for (from, to) in [(path, other), (other, path)] {
        for (name, node) in before where name == from || name.hasPrefix(from + "/") {
          tree[to + name.dropFirst(from.count)] = node
        }
      }
    case .makeDirectory(let path): tree[path] = TreeNode(kind: .directory)
    case .makeLink(let path, let target): tree[path] = TreeNode(kind: .link, content: Array(target.utf8))
    case .rename(let path, let target):
      for (name, node) in tree where name == path || name.hasPrefix(path + "/") {
        tree[name] = nil
        tree[target + name.dropFirst(path.count)] = node
      }
    case .remove(let path): tree[path] = nil
    case .truncate(let path, let size):
      guard var node = tree[path] else { return }
      node.content = node.content.prefix(size) + [UInt8](repeating: 0, count: max(0, size - node.content.count))
      node.time = nil
      tree[path] = node
    case .setMode(let path, let mode): tree[path]?.mode = mode
    case .setTime(let path, let time): tree[path]?.time = time
    case .setAttribute(let path, let value): tree[path]?.attribute = value
    }
  }

  /// The file whose content is neither old nor new for sure while the change is under way; nil for what is done in one.
  var written: String? {
    switch self {
    case .write(let path, _, _, _), .allocate(let path, _, _), .copy(_, _, let path, _): path
    default: nil
    }
  }
}
