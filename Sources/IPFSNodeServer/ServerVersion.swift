/// What the server says that it is.
package enum ServerVersion {
  /// The version of swipfs.
  package static let version = "0.5.0"
  /// The header `Server`.
  static let header = "swipfs/\(version)"
}
