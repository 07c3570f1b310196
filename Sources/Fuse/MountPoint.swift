internal import CFuse3
internal import Glibc

/// Checks on, and repair of, the directory that is mounted on.
public enum MountPoint {
  /// Unmounts what a process that is gone has left at a path: a file system of the given subtype that answers ENOTCONN.
  ///
  /// Nothing else is touched: not a mount that works, and not one of another type.
  /// - Returns: Whether there was one.
  public static func removeStale(at path: String, subtype: String) throws(FuseError) -> Bool {
    guard isDisconnected(path) else { return false }
    let resolved = try resolve(path)
    guard let row = try MountTable.current().top(at: resolved), row.type == "fuse.\(subtype)" else { return false }
    try detach(resolved)
    return true
  }

  /// The absolute path of a directory that can be mounted on.
  ///
  /// - Throws: `mountPointMissing`, `mountPointNotDirectory`, `mountPointBusy`, `mountPointDisconnected`, or why it cannot
  ///   be reached.
  @discardableResult
  public static func check(_ path: String) throws(FuseError) -> String {
    var status = stat()
    if stat(path, &status) != 0 {
      switch errno {
      case ENOTCONN:
        throw disconnected(path)
      case ENOENT:
        throw FuseError(.mountPointMissing, "the mount point \(path) does not exist")
      case ENOTDIR:
        throw FuseError(.mountPointNotDirectory, "the mount point \(path) is not a directory")
      case EACCES:
        throw FuseError(.notPermitted, "cannot reach the mount point \(path)", cause: .accessDenied)
      default:
        throw FuseError(.mountFailed, "cannot use the mount point \(path)", cause: .current)
      }
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw FuseError(.mountPointNotDirectory, "the mount point \(path) is not a directory")
    }
    let resolved = try resolve(path)
    if let row = try MountTable.current().top(at: resolved) {
      if isDisconnected(path) { throw disconnected(path) }
      throw FuseError(.mountPointBusy, "\(row.source) (\(row.type)) is mounted at \(resolved) already")
    }
    return resolved
  }

  /// Mounts the file system that is mounted at `source` at a second place, too. Both have the same caches, and the
  /// process that serves it lives until the last place is unmounted.
  ///
  /// - Parameters:
  ///   - source: A place where all of the file system is mounted.
  ///   - name: What the mount table has as the source of the file system; nil if that is not there.
  ///   - path: The second place.
  ///   - subtype: The file system's.
  ///   - options: Of `ro`, `exec`, `suid`, `dev` and their opposites, what holds at the second place.
  /// - Throws: As ``check(_:)``; `notPermitted` for who may not do this, which is all but root; `mountPointMissing` where
  ///   the file system is not at `source`, as when it was unmounted just now.
  public static func share(
    _ source: String, named name: String?, at path: String, subtype: String, options: [String]
  ) throws(FuseError) {
    let resolved = try check(path)
    let missing = FuseError(.mountPointMissing, "there is no mount at \(source) that can be seen from here")
    guard let row = try MountTable.current().top(at: source), row.type == "fuse.\(subtype)", row.source == name else {
      throw missing
    }
    guard mount(source, resolved, nil, UInt(MS_BIND), nil) == 0 else {
      let error = Errno.current
      throw FuseError(
        error == .notPermitted ? .notPermitted : .mountFailed,
        "cannot mount at \(path) what is mounted at \(source)", cause: error)
    }
    // What was at the source a moment ago may be gone, and what is below it bound.
    let bound = try MountTable.current().top(at: resolved)
    guard bound?.device == row.device, bound?.root == row.root else {
      try? detach(resolved)
      throw missing
    }
    // The last of an option and its opposite holds; libfuse begins with `nosuid` and `nodev`.
    func holds(_ option: String, unless opposite: String) -> Bool {
      options.last { $0 == option || $0 == opposite } == option
    }
    var flags = [MS_BIND, MS_REMOUNT]
    if holds("ro", unless: "rw") { flags.append(MS_RDONLY) }
    if holds("noexec", unless: "exec") { flags.append(MS_NOEXEC) }
    if !holds("suid", unless: "nosuid") { flags.append(MS_NOSUID) }
    if !holds("dev", unless: "nodev") { flags.append(MS_NODEV) }
    guard mount(nil, resolved, nil, flags.reduce(0) { $0 | UInt($1) }, nil) == 0 else {
      let error = Errno.current
      try? detach(resolved)
      throw FuseError(.invalidOptions, "cannot mount at \(path) with these options", cause: error)
    }
  }

  /// Whether what is mounted at a path has lost its process.
  public static func isDisconnected(_ path: String) -> Bool {
    // Not stat: the kernel may still have the attributes. It keeps no answer to statfs.
    var volume = statvfs()
    return statvfs(path, &volume) != 0 && errno == ENOTCONN
  }

  private static func disconnected(_ path: String) -> FuseError {
    FuseError(.mountPointDisconnected, "the file system mounted at \(path) has lost its process")
  }

  /// Has the kernel write all dirty pages of the file system at a path. Does nothing where that cannot be opened.
  static func writeDirtyPages(_ path: String) throws(Errno) {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    defer { close(directory) }
    guard cfuse_syncfs(directory) == 0 else { throw .current }
  }

  /// Unmounts lazily, through fusermount3 if this process may not.
  static func detach(_ resolved: String) throws(FuseError) {
    if umount2(resolved, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 { return }
    let error = Errno.current
    guard error == .notPermitted, unmountAsUser(resolved) else {
      throw FuseError(.systemCallFailed, "cannot unmount \(resolved)", cause: error)
    }
  }

  private static func unmountAsUser(_ path: String) -> Bool {
    let words = ["fusermount3", "-u", "-q", "-z", "--", path]
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawnp(&process, "fusermount3", nil, nil, arguments, environ) == 0 else { return false }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { if errno != EINTR { return false } }
    return status == 0
  }

  /// The path without symbolic links. Its last component is not touched, since a dead mount there would answer with an
  /// error; so it is resolved only if it is a link.
  private static func resolve(_ path: String) throws(FuseError) -> String {
    if let resolved = realPath(path) { return resolved }
    let failure = Errno.current
    var components = path.split(separator: "/", omittingEmptySubsequences: true)
    let name = components.popLast() ?? ""
    let parent = (path.hasPrefix("/") ? "/" : "./") + components.joined(separator: "/")
    guard let resolvedParent = realPath(parent) else {
      throw FuseError(.mountFailed, "cannot resolve the mount point \(path)", cause: failure)
    }
    return resolvedParent == "/" ? "/\(name)" : "\(resolvedParent)/\(name)"
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
