/// The version of the product.
public enum Version {
  /// The version as text, by semver.org.
  public static let current = "0.3.0"
}
