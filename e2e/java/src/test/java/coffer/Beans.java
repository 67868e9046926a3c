package coffer;

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The older SDK's typed requests and responses, by the vendor's names. */
final class Beans {
    private Beans() {}

    /** A bean with these members set. */
    static Object make(Class<?> type, Map<String, ?> members) {
        try {
            Object bean = type.getConstructor().newInstance();
            for (Map.Entry<String, ?> member : members.entrySet()) {
                set(bean, member.getKey(), member.getValue());
            }
            return bean;
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }

    /** Sets a member; those of a structure are members of the bean's own, called after both. */
    private static void set(Object bean, String name, Object value) throws ReflectiveOperationException {
        if (value instanceof Map<?, ?> members) {
            for (Map.Entry<?, ?> member : members.entrySet()) {
                set(bean, name + member.getKey(), member.getValue());
            }
            return;
        }
        Method setter = setter(bean.getClass(), name);
        setter.invoke(bean, fitted(setter.getGenericParameterTypes()[0], value));
    }

    /** The setter of a member; that of a list may be called after its plural. */
    private static Method setter(Class<?> type, String name) {
        for (Method method : type.getMethods()) {
            boolean named = method.getName().equals("set" + name) || method.getName().equals("set" + name + "s");
            if (named && method.getParameterCount() == 1) {
                return method;
            }
        }
        throw new AssertionError("%s has no %s".formatted(type, name));
    }

    private static Object fitted(Type type, Object value) {
        if (value instanceof List<?> items) {
            Type item = ((ParameterizedType) type).getActualTypeArguments()[0];
            return items.stream().map(each -> fitted(item, each)).toList();
        }
        if (value instanceof Map<?, ?> members) {
            Map<String, Object> named = new LinkedHashMap<>();
            members.forEach((name, member) -> named.put((String) name, member));
            return make((Class<?>) type, named);
        }
        if (type == Long.class) {
            return ((Number) value).longValue();
        }
        return type == String.class ? String.valueOf(value) : value;
    }

    /** What a bean holds; a list is wrapped in a member, as it is on the wire: called after its beans' class, or in the singular. */
    static Map<String, Object> members(Object bean) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (Method method : bean.getClass().getDeclaredMethods()) {
            if (method.getName().startsWith("get") && method.getParameterCount() == 0) {
                try {
                    Object value = method.invoke(bean);
                    String name = method.getName().substring("get".length());
                    if (value != null) {
                        members.put(name, shown(name, method.getGenericReturnType(), value));
                    }
                } catch (ReflectiveOperationException error) {
                    throw new AssertionError(error);
                }
            }
        }
        return members;
    }

    private static Object shown(String name, Type type, Object value) {
        if (value instanceof List<?> items) {
            Class<?> item = (Class<?>) ((ParameterizedType) type).getActualTypeArguments()[0];
            List<Object> all = items.stream().map(each -> shown(name, item, each)).toList();
            return Map.of(isBean(item) ? item.getSimpleName() : name.substring(0, name.length() - "s".length()), all);
        }
        return isBean(value.getClass()) ? members(value) : value;
    }

    private static boolean isBean(Class<?> type) {
        return type.getName().startsWith("com.aliyuncs.");
    }
}
