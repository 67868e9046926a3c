package coffer;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What was answered, by the vendor's names; a path leads through the members. */
record Reply(Map<String, ?> members) {
    String text(String... path) {
        return (String) at(path);
    }

    boolean flag(String... path) {
        return (Boolean) at(path);
    }

    long number(String... path) {
        return ((Number) at(path)).longValue();
    }

    List<Reply> list(String... path) {
        return ((List<?>) at(path)).stream().map(Reply::of).toList();
    }

    /** The texts of a list. */
    List<String> texts(String... path) {
        return ((List<?>) at(path)).stream().map(String.class::cast).toList();
    }

    /** Whether it has all these members, given by names and values in turn. */
    boolean has(Object... expected) {
        return Cloud.named(expected).entrySet().stream()
                .allMatch(each -> plain(each.getValue()).equals(plain(members.get(each.getKey()))));
    }

    /** A value whose equality is not of the client's types for numbers. */
    private static Object plain(Object value) {
        return value instanceof Number number ? number.longValue() : value;
    }

    @SuppressWarnings("unchecked")
    private static Reply of(Object members) {
        return new Reply((Map<String, ?>) members);
    }

    private Object at(String... path) {
        Object found = members;
        for (String name : path) {
            found = of(found).members.get(name);
            Objects.requireNonNull(found, () -> "no %s in %s".formatted(name, members));
        }
        return found;
    }
}
